package app

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// certificate is one that is read again when its file has changed: they are renewed every few weeks, and a node runs longer.
type certificate struct {
	cert, key string
	log       zerolog.Logger

	mu      sync.Mutex // guards below
	loaded  *tls.Certificate
	changed time.Time // of the file, when it was last looked at
}

// newCertificate reads it for the first time; then it must be right.
func newCertificate(cert, key string, log zerolog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log}
	info, err := os.Stat(cert)
	if err != nil {
		return nil, err
	}
	return c, c.load(info.ModTime())
}

func (c *certificate) load(changed time.Time) error {
	loaded, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.loaded, c.changed = &loaded, changed
	return nil
}

// get is tls.Config's GetCertificate. A new file that cannot be read leaves the old certificate in use until it can.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.cert)
	if err == nil && !info.ModTime().Equal(c.changed) {
		err = c.load(info.ModTime())
	}
	if err != nil {
		c.log.Warn().Err(err).Msg("the certificate for incoming mail cannot be read again; the old one stays in use")
	}
	return c.loaded, nil
}
