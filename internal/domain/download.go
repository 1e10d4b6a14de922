package domain

import "time"

// DownloadFor is how long a link to a file works that needs no signing in, from when its message was sent.
const DownloadFor = 14 * 24 * time.Hour

// DownloadLink is what such a link stands for: a file, for the recipient of one delivery.
type DownloadLink struct {
	Organisation OrganisationID
	Delivery     string
	Attachment   AttachmentID
	Until        time.Time
}

// LinkedFile is the file of a link, and who it was sent to.
type LinkedFile struct {
	File         StoredFile
	Person       PersonNo
	State        PersonState
	Locale       string // the recipient's
	Organisation Organisation
	Used         bool // the link was used
	Seen         bool // the message with the file is still in the recipient's conversation
}
