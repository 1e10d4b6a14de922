package app

import (
	"path/filepath"

	"crier/internal/antivirus"
	"crier/internal/blob"
	"crier/internal/config"
	"crier/internal/service/attachment"
)

// openFiles makes the place where files lie that cfg asks for, and what scans them.
// It reaches neither yet: the first file does.
func openFiles(cfg config.Config) (blob.Store, attachment.Scanner, error) {
	var scanner attachment.Scanner
	if cfg.Clamd != "" {
		c, err := antivirus.New(cfg.Clamd, 0)
		if err != nil {
			return nil, nil, err
		}
		scanner = c
	}
	if cfg.S3Endpoint != "" {
		s, err := blob.NewS3(blob.S3Options{Endpoint: cfg.S3Endpoint, Bucket: cfg.S3Bucket, Region: cfg.S3Region, AccessKey: cfg.S3AccessKey, SecretKey: cfg.S3SecretKey})
		return s, scanner, err
	}
	path := cfg.Files
	if path == "" {
		path = filepath.Join(cfg.Data, "files")
	}
	return blob.NewFolder(path), scanner, nil
}
