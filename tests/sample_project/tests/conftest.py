import numpy as np
import pytest


@pytest.fixture(params=[0.01, 1.0, 30.0], ids="scale={}".format)
def weights(request):
    return request.param * np.random.default_rng(0).normal(size=(3, 4))
