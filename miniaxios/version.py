"""The version, alone, so that those who send it need not import the package's front door."""

__version__ = "0.1.0"
