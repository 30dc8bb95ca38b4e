"""The roster-sync settings of SchoolStatus Connect districts, as code."""

__version__ = "0.1.0"
