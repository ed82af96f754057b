"""What ties objects together: references, roles by group, the groups that somebody leaves."""
