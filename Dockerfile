# kerash in a container:
#
#     docker build -t kerash .
#     docker run --rm -v "$PWD:/work" -u "$(id -u):$(id -g)" kerash train iris.csv --target species
#
# docs/install.md has the rest: extras, pipelines, and how much memory /dev/shm should have.

ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
# Names of extras, such as onnx,parquet
ARG EXTRAS=
WORKDIR /source
RUN python -m venv --without-pip /opt/kerash
COPY . .
RUN pip --python /opt/kerash install --no-cache-dir ".${EXTRAS:+[$EXTRAS]}"

FROM python:${PYTHON}-slim
RUN useradd --create-home --uid 1000 kerash && install -d -o kerash -g kerash /work
COPY --from=build /opt/kerash /opt/kerash
ENV PATH=/opt/kerash/bin:$PATH LANG=C.UTF-8
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["kerash"]
CMD ["--help"]
