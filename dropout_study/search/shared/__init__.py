"""What the processes of a study share through its storage if they have no common disk."""
