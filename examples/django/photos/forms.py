from django import forms

from photos.models import TYPES, Photo


class PhotoForm(forms.ModelForm):
    class Meta:
        model = Photo
        fields = ["file"]
        widgets = {
            "file": forms.FileInput(attrs={"accept": ",".join(f".{each}" for each in TYPES)})
        }

    def save(self, owner):
        photo = super().save(commit=False)
        photo.owner = owner
        # What the storage makes of the name is for the store alone.
        photo.title = self.cleaned_data["file"].name
        photo.save()
        return photo
