"""The job that asks a student's file for its answers."""

from dataclasses import dataclass

from common.jobs.job import Job


@dataclass(frozen=True, kw_only=True)
class Answers(Job):
    """Runs a student's file and asks for the answers to a chapter's exercises.

    The report's arrays are `NAME/CASE`, an answer, or `NAME!`, the text of what went wrong.
    """

    runs_user_code = True
    source: str
    chapter: str
