from flax import nnx

he_normal = nnx.initializers.he_normal()
