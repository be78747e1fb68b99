"""Grades several files in one process, so that a framework is imported once.

`grade_files.py FRAMEWORK FILE...` prints the file, the exercise and its grade, divided by tabs.
"""

import sys
from pathlib import Path

from common.tools.exercises.answer_jobs import Answers
from common.tools.exercises.answer_work import answers
from common.tools.exercises.chapters import CHAPTERS
from common.tools.exercises.grade import grade

framework, *files = sys.argv[1:]
for file in map(Path, files):
    folder = file.parents[1] if file.parent.name == "solutions" else file.parent
    chapter = folder.name[:2]
    found = answers(Answers(framework=framework, source=str(file), chapter=chapter)).arrays
    for exercise in CHAPTERS[chapter]:
        given = grade(exercise, found)
        print(file, exercise.name, "right" if given.is_right else given.line, sep="\t")
