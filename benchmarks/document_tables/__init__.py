"""Tables of the documents, made of the committed results: a module for each document, or two alike."""
