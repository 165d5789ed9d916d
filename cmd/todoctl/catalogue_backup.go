package main

// backupEntries are about the files that `down` writes and `restore` reads.
var backupEntries = []entry{
	{
		ID: "TODO-BACKUP-01", Exit: exitFailed,
		Title: "the backup cannot be written, so nothing was changed",
		Why: "The file is made before anything is removed, so that a folder that does not exist or may not be written is found out in time. " +
			"The error names the file and the reason.",
		Do: []remedy{{"Name a file in a folder of your own.", "todoctl down --backup ~/items.jsonl"}},
	},
	{
		ID: "TODO-BACKUP-02", Exit: exitFailed,
		Title: "the file exists already, and todoctl does not overwrite a backup",
		Why: "It may be the only copy of something. A backup that holds exactly what the table holds now is taken as it is, " +
			"so that an interrupted `down` can be run again as it was typed; this one holds something else.",
		Do: []remedy{{"Name a new file.", "todoctl down --backup another-file.jsonl"}},
	},
	{
		ID: "TODO-BACKUP-03", Exit: exitFailed,
		Title: "the backup failed, so the table stays",
		Why: "The items are written to a file, the file is read back, and only when both are the same does the table go. Something went wrong on that way, " +
			"such as a full disk. The half file was removed; all items are in the table. What came before the table is gone.",
		Do: []remedy{
			{"Make room, or name another place.", "todoctl down --backup /other/disk/items.jsonl"},
			{"See the room on the disk.", "df -h ."},
		},
	},
	{
		ID: "TODO-BACKUP-04", Exit: exitFailed,
		Title: "the table changed while it was saved, so it stays",
		Why: "After saving, todoctl reads the table once more, and it did not hold the same items: somebody writes to it, with credentials of their own. " +
			"Deleting it now would lose what came after the backup.",
		Do: []remedy{{"Stop what writes to it, then run it again.", "todoctl down --backup items.jsonl"}},
	},
	{
		ID: "TODO-BACKUP-05", Exit: exitFailed,
		Title: "the file is not a whole backup, so nothing was written",
		Why: "The first line of a backup says what it is, and its last one how many items it has and their checksum. " +
			"Here a part is missing or was changed: the copy was cut off, an editor touched it, or it is another file.",
		Do: []remedy{
			{"Use another copy.", "todoctl restore another-file.jsonl"},
			{"See how it begins and ends.", "head -c 300 FILE; tail -n 1 FILE"},
		},
	},
	{
		ID: "TODO-BACKUP-06", Exit: exitUsage,
		Title: "the backup cannot be opened",
		Why:   "There is no such file from where you are, or it is a folder or a pipe. A backup is read more than once, so it must be a real file.",
		Do: []remedy{
			{"See what is here.", "ls *.jsonl"},
			{"Name the file that `down` has written.", "todoctl restore TodoTable-20261123-101500.jsonl"},
		},
	},
	{
		ID: "TODO-BACKUP-07", Exit: exitFailed,
		Title: "the table has got items in the meantime, so it stays",
		Why: "The table was empty when you agreed to delete it, and is not any more. You were never asked about these items, " +
			"so they are not deleted. Everything else is gone.",
		Do: []remedy{
			{"Keep them.", "todoctl down --backup items.jsonl"},
			{"Or give them up.", "todoctl down --discard-data"},
		},
	},
}
