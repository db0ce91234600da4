"""From an image file to the images of characters that a network reads; knows no network."""
