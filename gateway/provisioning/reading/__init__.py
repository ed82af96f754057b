"""What a reader sees: sources, lists, cursors, the overlay of what is still to be done."""
