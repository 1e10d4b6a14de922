// Package web holds the built front end inside the binary.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist returns the built front end: index.html (the candidate's pages and
// sign-in), staff/index.html (the staff's pages), favicon.svg and assets/. File
// names carry no hashes, so whoever serves them sends an ETag. Which address gets
// which file stands in this folder's README.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a constant that the embed directive has checked
	}
	return sub
}
