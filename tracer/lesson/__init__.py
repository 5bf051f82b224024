"""Lessons: prose, a real server, stops in its run, and questions that the run answers."""
