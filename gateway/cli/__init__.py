"""The command line: one verb, one meaning, one small file each."""
