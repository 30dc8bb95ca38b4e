"""Ways to reach Connect, one backend each, behind one seam."""
