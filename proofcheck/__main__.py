"""``python -m proofcheck`` is the command ``proofcheck``."""

if __name__ == "__main__":  # worker processes import this file too
    from proofcheck.cli import main

    main()
