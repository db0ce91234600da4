"""`python -m lenet5` is `lenet5`."""

from .cli import main

if __name__ == "__main__":
    main()
