"""What can be wrong with rows, sections and conditions of a mapping file."""
