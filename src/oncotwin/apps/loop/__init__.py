"""From vein to vein: cells are made, infused, and followed in the tumour twin, with drugs beside them."""
