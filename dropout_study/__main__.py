"""``python -m dropout_study`` is the command ``dropout-study``."""

from dropout_study.cli.train import main

if __name__ == "__main__":
    main()
