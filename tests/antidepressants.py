"""A published SMAA-2 analysis: benefit and risk of four antidepressants and placebo, its input and its results.

van Valkenhoef, Tervonen, Zhao, de Brock, Hillege and Postmus (2012), J. Clin. Epidemiol. 65, 394. These are the
measurements ("the exact ones used for the paper") and the results ("of our published analysis") that the authors give,
to more digits, in the tests of their program ADDIS: github.com/drugis/addis, NetworkBenefitRiskTestBase.java in
application/src/test/java/org/drugis/addis/util/JSMAAintegration, which a run of 10,000 iterations has to agree with.
"""

import numpy as np
from scipy.special import expit

# Probabilities of an event, of which only a response to the treatment is welcome: mean and standard deviation of the
# log odds with placebo, means and covariances of those with fluoxetine, paroxetine, sertraline and venlafaxine, less
# those with placebo. JSMAA takes utilities of probabilities to be linear over 0 ... 1.
MEASURED = {
    "diarrhea": (-2.189737, 0.2074509, [0.60820293, 0.14088424, 0.93203685, 0.09601785],
                 [[0.05366822, 0.04117003, 0.03407600, 0.03788519], [0.04117003, 0.08108542, 0.03778130, 0.04324302],
                  [0.03407600, 0.03778130, 0.05394404, 0.03338272], [0.03788519, 0.04324302, 0.03338272, 0.09859621]]),
    "dizziness": (-2.229952, 0.6103081, [0.1203208, 0.6538699, -0.2203627, 1.1915229],
                  [[0.09124249, 0.07387436, 0.08086186, 0.06457527], [0.07387436, 0.14080128, 0.10328788, 0.07030520],
                   [0.08086186, 0.10328788, 0.14662864, 0.06920427], [0.06457527, 0.07030520, 0.06920427, 0.08590214]]),
    "response": (-0.1714358, 0.1129926, [0.4718129, 0.7258847, 0.6715258, 0.8211993],
                 [[0.013445532, 0.010394690, 0.009881156, 0.010499559],
                  [0.010394690, 0.023006616, 0.008196856, 0.010732709],
                  [0.009881156, 0.008196856, 0.019023866, 0.009210099],
                  [0.010499559, 0.010732709, 0.009210099, 0.019107243]]),
    "headache": (-1.195991, 0.2926644, [0.1964591, 0.1263129, 0.2029933, -0.2254059],
                 [[0.03519380, 0.02755068, 0.02189916, 0.02919822], [0.02755068, 0.04847513, 0.02374509, 0.03277411],
                  [0.02189916, 0.02374509, 0.03259199, 0.02356638], [0.02919822, 0.03277411, 0.02356638, 0.05920276]]),
    "insomnia": (-2.607277, 0.1905852, [0.7978386, 0.7486351, 1.0663029, 0.9744811],
                 [[0.04388258, 0.03516051, 0.02560003, 0.03283164], [0.03516051, 0.06255486, 0.02807280, 0.03474863],
                  [0.02560003, 0.02807280, 0.05402063, 0.02592013], [0.03283164, 0.03474863, 0.02592013, 0.06738850]]),
    "nausea": (-2.017171, 0.1917053, [0.3951561, 0.6442827, 0.6469638, 0.9771107],
               [[0.04167875, 0.03492591, 0.02952693, 0.03559971], [0.03492591, 0.05629741, 0.03102295, 0.03658295],
                [0.02952693, 0.03102295, 0.04396177, 0.02899487], [0.03559971, 0.03658295, 0.02899487, 0.05369960]]),
}
BETTER = ["higher" if name == "response" else "lower" for name in MEASURED]
# of fluoxetine, paroxetine, placebo, sertraline, venlafaxine
RANKS = np.array([[0.0215, 0.2648, 0.3217, 0.3143, 0.0777], [0.1496, 0.3248, 0.2519, 0.2249, 0.0488],
                  [0.6114, 0.1201, 0.0868, 0.0545, 0.1272], [0.0758, 0.1342, 0.1931, 0.2389, 0.3580],
                  [0.1417, 0.1561, 0.1465, 0.1674, 0.3883]])
CENTRAL = np.array([[0.08646901, 0.24112709, 0.22045918, 0.1362404, 0.10229834, 0.21340600],
                    [0.17593187, 0.12181948, 0.29181468, 0.1293235, 0.13949573, 0.14161473],
                    [0.17986517, 0.17659262, 0.09069475, 0.1618931, 0.19437357, 0.19658082],
                    [0.07495453, 0.31162260, 0.27471687, 0.1266365, 0.09423491, 0.11783455],
                    [0.18030730, 0.07638429, 0.27879293, 0.2584503, 0.11542176, 0.09064338]])
CONFIDENCE = np.array([0.1144, 0.5532, 0.9870, 0.5538, 0.6522])
ITERATIONS = 10_000  # as the four decimals of the shares have it


def incidences(normal, criterion):
    """Probabilities (option, sample) of standard normal scores (5, sample)."""
    mean, sd, less, covariance = MEASURED[criterion]
    others = np.array(less)[:, None] + np.linalg.cholesky(covariance) @ normal[1:]
    return expit(mean + sd * normal[0] + np.insert(others, 2, 0.0, axis=0))
