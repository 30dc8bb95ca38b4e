"""The pages of the stand-in: from the sign-in to the form, as the seed clicks."""
