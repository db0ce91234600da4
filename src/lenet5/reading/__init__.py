"""From a picture to text: candidates, interpretation graphs, the best path, results, forms."""
