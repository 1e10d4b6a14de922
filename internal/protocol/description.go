package protocol

import _ "embed"

// Description is the protocol's AsyncAPI 3.0 document, YAML.
//
//go:embed asyncapi.yaml
var Description []byte
