import pathlib
import secrets

from django.contrib.auth import get_user_model
from django.core.files import File
from django.core.management.base import BaseCommand

from photos.models import Photo

SAMPLES = pathlib.Path(__file__).resolve().parents[4] / "gallery" / "samples" / "users"


class Command(BaseCommand):
    help = "Makes the users alice and bob, with a few photos each, and says how they sign in."

    def handle(self, **options):
        for folder in sorted(SAMPLES.iterdir()):
            user, is_new = get_user_model().objects.get_or_create(username=folder.name)
            password = secrets.token_urlsafe(9)
            user.set_password(password)
            user.save()
            for sample in sorted(folder.glob("*.jpg")) if is_new else []:
                with sample.open("rb") as file:
                    Photo.objects.create(
                        owner=user, title=sample.name, file=File(file, name=sample.name)
                    )
            self.stdout.write(f"{user.username} signs in with {password}")
