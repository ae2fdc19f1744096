"""Where questions come from: question files, benchmarks, the sample documents."""
