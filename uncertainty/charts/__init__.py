"""Figures of a run: each a function of results and an Axes, listed for a page with captions made from the numbers.

Nothing here imports matplotlib before something is drawn.
"""

from .bands import bands_figure as bands_figure
from .drawn import Drawn as Drawn
from .flips import claim_figures as claim_figures
from .listing import chosen as chosen
from .listing import compared as compared
from .listing import figures as figures
from .listing import swept as swept
