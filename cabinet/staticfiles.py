"""Static files under names that change with their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Modules import each other by these names too: a release never mixes old scripts with new ones."""

    support_js_module_import_aggregation = True
