"""What the screens know: the newest snapshot, the session, marks, notices."""
