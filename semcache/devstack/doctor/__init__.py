"""What is installed, what is missing or wrong, and the line that mends it."""

from semcache.devstack.doctor.examine import examine
from semcache.devstack.doctor.finding import Finding, Level, worst

__all__ = ["Finding", "Level", "examine", "worst"]
