"""The data of the screens: the newest snapshot, the session, marks, notices."""
