package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestCertificate: a renewed one is used without a restart; a broken one is not, and the old one serves on.
func TestCertificate(t *testing.T) {
	cert, key, put := certificates(t)
	if _, err := newCertificate(cert, key, zerolog.Nop()); err == nil {
		t.Error("a certificate that is not there")
	}
	put(1)
	c, err := newCertificate(cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(got.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Errorf("serial %d", n)
	}
	put(2)
	if n := serial(); n != 2 {
		t.Errorf("after it was renewed: serial %d", n)
	}
	if err := os.WriteFile(cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 2 {
		t.Errorf("while it is broken: serial %d", n)
	}
	put(3)
	if n := serial(); n != 3 {
		t.Errorf("once it is whole again: serial %d", n)
	}
}

// certificates are two files in a folder of their own, and what writes a new pair into them, later than the one before.
func certificates(t *testing.T) (cert, key string, put func(serial int64)) {
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "mail.crt"), filepath.Join(dir, "mail.key")
	at := time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC)
	return cert, key, func(serial int64) {
		t.Helper()
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		of := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: at.AddDate(0, 3, 0)}
		der, err := x509.CreateCertificate(rand.Reader, of, of, k.Public(), k)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		write := func(path, kind string, b []byte) {
			t.Helper()
			if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(key, "PRIVATE KEY", private)
		write(cert, "CERTIFICATE", der)
		at = at.Add(time.Hour)
		if err := os.Chtimes(cert, at, at); err != nil {
			t.Fatal(err)
		}
	}
}
