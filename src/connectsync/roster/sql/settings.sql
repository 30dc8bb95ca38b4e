SET allow_community_extensions = false;
-- the order of rows never matters, and keeping it takes memory
SET preserve_insertion_order = false;
SET allow_persistent_secrets = false;
SET enable_progress_bar = false;
-- how many rows a file has is not known before it is read: as our joins are written, the
-- smaller side is the second one
SET disabled_optimizers = 'join_order,build_side_probe_side'
