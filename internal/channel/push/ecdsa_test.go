package push

import (
	"crypto/ecdsa"
	"crypto/elliptic"
)

func ecdsaKey(point []byte) (*ecdsa.PublicKey, error) {
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}
