"""What measured numbers tell: intervals, ranking, chances against what happened, regression."""
