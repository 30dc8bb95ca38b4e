# connectsync with your districts: one image for one commit of your files, so that every
# worker reads the same ones. Build it in the folder that holds connectsync.yaml.
#
#   docker build -f fleet.Dockerfile -t registry.example.org/our-fleet:COMMIT \
#     --build-arg CONNECTSYNC=registry.example.org/connectsync:0.1.0 .

ARG CONNECTSYNC
FROM ${CONNECTSYNC}
COPY connectsync.yaml /project/
COPY districts /project/districts
