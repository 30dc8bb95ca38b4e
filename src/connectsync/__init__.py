"""The roster-sync settings of SchoolStatus Connect districts, as code."""
