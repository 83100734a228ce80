"""Tables: from the job directories of a study to ``results.csv``."""
