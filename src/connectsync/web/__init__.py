"""HTTP as connectsync speaks it: verified, patient, and to nobody it was not told."""
