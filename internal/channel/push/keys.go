package push

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
)

// Keys are the server's VAPID keys in base64url: a point on P-256, which browsers subscribe with, and its secret.
type Keys struct {
	Public, Private string
}

// metaKey is where the database keeps the secret.
const metaKey = "vapid_key"

// Load returns the database's keys, made on first use: once returns what is kept under a name, or keeps what it is given.
func Load(ctx context.Context, once func(ctx context.Context, key, value string) (string, error)) (Keys, error) {
	fresh, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return Keys{}, err
	}
	kept, err := once(ctx, metaKey, base64.RawURLEncoding.EncodeToString(fresh.Bytes()))
	if err != nil {
		return Keys{}, fmt.Errorf("read the key of web push: %w", err)
	}
	secret, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return Keys{}, errors.New("the key of web push is damaged")
	}
	private, err := ecdh.P256().NewPrivateKey(secret)
	if err != nil {
		return Keys{}, errors.New("the key of web push is damaged")
	}
	return Keys{Public: base64.RawURLEncoding.EncodeToString(private.PublicKey().Bytes()), Private: kept}, nil
}
