"""What the tests share."""

import signal

import pytest
from hypothesis import settings
from support import study_text

import uncertainty as un

# the same examples in every run, so that a red test stays red; a busy machine is no failure
settings.register_profile("tests", derandomize=True, deadline=None)
settings.load_profile("tests")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in a shell's background: so would be what we start
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def make_study(tmp_path):
    """Load a study that `support.study_text` writes."""

    def make(**given):
        path = tmp_path / "study.toml"
        path.write_text(study_text(**given), encoding="utf-8")
        return un.load(path)

    return make


@pytest.fixture(scope="session")
def reference(tmp_path_factory):
    """The reference study with few samples: its results, and the folder that they are written to."""
    results = un.run(un.load("reference").with_sampling(samples=256, replicates=8))
    return results, un.write(results, tmp_path_factory.mktemp("reference") / "reference")
