"""Makes the builder of the book importable; tests of the book import this module first."""

import sys

from common.jobs.call import ROOT

BOOK = ROOT / "docs" / "book"
BUILDER = BOOK / "builder"
sys.path.insert(0, str(BUILDER))
