"""What `icl describe` says beside the fields, a file for each kind of thing of which there is more to say."""
