"""HTTP as connectsync speaks it: verified, patient, and to no one it was not told."""
