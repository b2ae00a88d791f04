"""The report of an evaluation: tables for programs and one page with pictures for people."""
