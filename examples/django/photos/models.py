from django.conf import settings
from django.core.files.storage import storages
from django.core.validators import FileExtensionValidator
from django.db import models
from django.utils.http import content_disposition_header

TYPES = ["avif", "gif", "jpeg", "jpg", "png", "webp"]


def below_owner(photo, filename):
    """The policy's rule for `users/{owner}/*` speaks of the same names."""
    return f"users/{photo.owner_id}/{filename}"


class Photo(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    title = models.CharField(max_length=255)
    file = models.FileField(
        upload_to=below_owner, max_length=500, validators=[FileExtensionValidator(TYPES)]
    )
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-added_at", "-pk"]

    def __str__(self):
        return self.title

    @property
    def download_url(self):
        """Opens the photo as a file to be saved under its title."""
        disposition = content_disposition_header(True, self.title)
        parameters = {"ResponseContentDisposition": disposition}
        return self.file.storage.url(self.file.name, parameters=parameters)

    @property
    def tickets(self):
        """The same photo by each kind of link that the settings know."""
        kinds = {"SigV4": "edge", "CloudFront": "cloudfront", "P-256": "signer"}
        return {kind: storages[alias].url(self.file.name) for kind, alias in kinds.items()}
