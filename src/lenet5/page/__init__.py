"""One HTML page in which the network runs: draw a character, see every layer and why it is read so; and pictures of it.

`page_html` writes the page, `explain` the page and a still picture for one character of one's own.
"""

from .assemble import PAGE_CSP, page_html, write_page
from .explanation import Explanation, explain

__all__ = ["PAGE_CSP", "Explanation", "explain", "page_html", "write_page"]
