# A static binary in an otherwise empty image. The front end's bundle is committed, so the build needs Go alone.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /out/crier ./cmd/crier \
 && mkdir -p /out/data /out/tmp && chmod 1777 /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/tmp /tmp
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/crier /crier
USER 65532:65532
# Outside the container every address is the host's business. Files lie in /data, without CRIER_DATABASE the embedded database too.
ENV CRIER_ADDR=0.0.0.0:8080 CRIER_DATA=/data
EXPOSE 8080
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["/crier"]
CMD ["serve"]
